"""Statements as WeChat Pay, Alipay and banks give them out, with made-up people and numbers; and stored ones."""

from datetime import timedelta

from core.clock import local_date
from enrolments.models import PaymentAccount, StatementImport, StatementLine, StatementMatch
from tests.factories import NOW, SHANGHAI, UserFactory

WECHAT_MERCHANT_TITLES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_PERSONAL_TITLES = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"
ALIPAY_MERCHANT_TITLES = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
ALIPAY_PERSONAL_TITLES = (
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,"
)


def wechat_paid(when, number, yuan, *, merchant="1900000109", order="M1"):
    cells = [when, "wx0001", merchant, "0", "", number, order, "openid-1", "NATIVE", "SUCCESS", "CFT", "CNY", yuan]
    return [*cells, "0.00", "0", "0", "0.00", "0.00", "", "", "学费", "", "0.60", "0.60%", yuan, "0.00", ""]


def wechat_refunded(when, number, refund, yuan, *, merchant="1900000109"):
    cells = [when, "wx0001", merchant, "0", "", number, "M1", "openid-1", "NATIVE", "REFUND", "CFT", "CNY", "0.00"]
    money = ["0.00", refund, "R1", yuan, "0.00", "ORIGINAL", "SUCCESS", "学费", "", "-0.60", "0.60%", "0.00", yuan, ""]
    return [*cells, *money]


def wechat_merchant(*rows):
    """微信支付 交易账单: a byte-order mark, a ` before each value, two lines of sums."""
    lines = [WECHAT_MERCHANT_TITLES, *[",".join(f"`{cell}" for cell in row) for row in rows]]
    lines += ["总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"]
    lines += [f"`{len(rows)},`9999.00,`0.00,`0.00,`0.60,`9999.00,`0.00"]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")


def wechat_personal(*rows):
    """微信支付账单明细 of a person's phone; rows are (time, counterparty, in or out, yuan, state, number)."""
    above = [
        "微信支付账单明细",
        "微信昵称：[轻校测试]",
        "起始时间：[2026-11-01 00:00:00] 终止时间：[2026-11-30 23:59:59]",
    ]
    above += ["导出类型：[全部]", "", f"共{len(rows)}笔记录", "注：", "----------------------微信支付账单明细列表----"]
    lines = [f"{text},,,,,,,," for text in above] + [WECHAT_PERSONAL_TITLES]
    for when, who, way, yuan, state, number in rows:
        lines.append(
            f'{when},二维码收款,{who},"收款方备注:二维码收款",{way},¥{yuan},/,{state},"{number}\t","{number}M\t","/"'
        )
    return "\n".join(lines).encode("utf-8-sig")


def alipay_merchant(*rows, account="20881234567801560156"):
    """支付宝业务明细 in GB18030; rows are (time, 交易 or 退款, yuan, number, refund number)."""
    lines = ["#支付宝业务明细查询", f"#账号：[{account}]", "#起始日期：[2026年11月01日 00:00:00]   终止日期：[…]"]
    lines += ["#-----------------------------------------业务明细列表----------------------------------------"]
    lines += [ALIPAY_MERCHANT_TITLES]
    for when, what, yuan, number, refund in rows:
        cells = [f"{number}\t", "M7\t", what, "学费", when, when, "", "", "", "", "li***@example.com", yuan, yuan]
        lines.append(",".join([*cells, *["0.00"] * 5, "", "0.00", "0.00", f"{refund}\t", "-0.12", "0.00", ""]))
    lines += ["#-----------------------------------------业务明细列表结束------------------------------------"]
    lines += [f"#交易合计：{len(rows)}笔，商家实收共36.80元，商家优惠共0.00元"]
    return "\r\n".join(lines).encode("gb18030")


def alipay_personal(*rows):
    """支付宝交易明细 in GB18030; rows are (time, counterparty, in or out, yuan, state, number)."""
    lines = ["------------------------------------------------------------------------------------", "导出信息："]
    lines += [
        "姓名：测试",
        "支付宝账户：test@example.com",
        "共2笔记录",
        "------支付宝（中国）网络技术有限公司  电子客户回单------",
    ]
    lines += [ALIPAY_PERSONAL_TITLES]
    for when, who, way, yuan, state, number in rows:
        lines.append(f"{when},转账红包,{who},138******12,收钱码,{way},{yuan},,{state},{number}\t,\t,,")
    return "\r\n".join(lines).encode("gb18030")


def bank(
    *rows,
    titles="交易日期,交易时间,收入金额,支出金额,余额,对方户名,对方账号,摘要,交易流水号",
    account="6217000012345678901",
):
    """A bank's export as banks write it: the account above, thousands with commas, a line of sums below."""
    lines = ["中国某某银行账户交易明细", f"账号：{account},币种：人民币", titles]
    lines += [",".join(f'"{cell}"' for cell in row) for row in rows]
    return "\r\n".join([*lines, "合计,,1,,,,,,"]).encode("gb18030")


# --- stored ------------------------------------------------------------------------------------------------


def statement_line(branch, minor=100_00, *, at=NOW, number="N1", kind="wechat"):
    """A line that was read of the branch's account of this kind."""
    account, _ = PaymentAccount.objects.get_or_create(branch=branch, kind=kind, name="收款码")
    day = local_date(at, SHANGHAI)
    told = {"layout": "wechat_personal", "file_digest": f"digest-{number}", "first_day": day, "last_day": day}
    counts = {"new_lines": 1, "known_lines": 0, "passed_over": 0, "imported_at": NOW, "imported_by": UserFactory()}
    statement = StatementImport.objects.create(account=account, **told, **counts)
    facts = {"occurred_at": at, "day": day, "reference": number, "payer": "王**", "note": "学费"}
    return StatementLine.objects.create(account=account, statement=statement, key=number, amount_minor=minor, **facts)


def aside(line, *, by):
    told = {"matched_at": NOW + timedelta(days=1), "matched_by": by}
    return StatementMatch.objects.create(line=line, rule="aside", reason="手续费", **told)
