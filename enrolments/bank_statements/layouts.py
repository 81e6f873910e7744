"""Which columns a statement has, by who gives it out.

Where the titles come from: WeChat Pay's merchant bill (交易账单, ALL) from its format description at
pay.weixin.qq.com and from files quoted in several public projects; the personal WeChat bill, both of Alipay's
personal ones and Alipay's 业务明细 from files quoted in public projects; WeChat's fund bill (资金账单) from one
project's column list. Alipay's 账务明细 and the banks are by the words that such tables use: none was seen from its
source. A bank names its columns as it likes, so a person can say which is which.
"""

from dataclasses import dataclass

OUT_OF_MERCHANT = ("REFUND", "REVOKED")  # money that WeChat Pay gave back for the merchant


@dataclass(frozen=True)
class Refunds:
    """Rows that give money back: how they are known, and where their amount and number stand instead."""

    column: str
    words: tuple[str, ...]
    amounts: tuple[str, ...]  # the first that is not zero
    reference: str


@dataclass(frozen=True)
class Layout:
    """Titles by field. `marks` are those that no other statement has together; `account` holds the owner's number.

    A provider's number is told with every line of `has_numbers`: with the amount it tells a line for ever.
    """

    key: str
    kind: str  # of PaymentAccount
    columns: dict[str, str]
    marks: tuple[str, ...]
    others: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    refunds: Refunds | None = None
    has_numbers: bool = True


LAYOUTS = [
    # What the family paid (订单金额) is what the desk recorded; the fee is no part of the line.
    Layout(
        key="wechat_merchant",
        kind="wechat",
        marks=("交易时间", "商户号", "微信订单号", "交易状态"),
        columns={"time": "交易时间", "amount": "订单金额", "reference": "微信订单号", "note": "商品名称"},
        others=("商户订单号", "微信订单号"),
        account=("特约商户号", "子商户号", "商户号"),
        refunds=Refunds("交易状态", OUT_OF_MERCHANT, ("申请退款金额", "退款金额", "订单金额"), "微信退款单号"),
    ),
    Layout(
        key="wechat_merchant_old",  # until 2018 or so there was one amount
        kind="wechat",
        marks=("交易时间", "商户号", "微信订单号", "总金额"),
        columns={"time": "交易时间", "amount": "总金额", "reference": "微信订单号", "note": "商品名称"},
        others=("商户订单号", "微信订单号"),
        account=("子商户号", "商户号"),
        refunds=Refunds("交易状态", OUT_OF_MERCHANT, ("退款金额", "总金额"), "微信退款单号"),
    ),
    Layout(
        key="wechat_personal",
        kind="wechat",
        marks=("交易时间", "交易类型", "收/支", "当前状态", "交易单号"),
        columns={
            "time": "交易时间",
            "amount": "金额(元)",
            "direction": "收/支",
            "reference": "交易单号",
            "payer": "交易对方",
            "note": "商品",
            "status": "当前状态",
        },
        others=("商户单号",),
    ),
    Layout(
        key="alipay_merchant",
        kind="alipay",
        marks=("支付宝交易号", "业务类型", "完成时间", "订单金额(元)"),
        columns={"time": "完成时间", "amount": "订单金额(元)", "reference": "支付宝交易号", "note": "商品名称"},
        others=("商户订单号", "支付宝交易号"),
        refunds=Refunds("业务类型", ("退款",), ("订单金额(元)",), "退款批次号/请求号"),
    ),
    Layout(
        key="alipay_personal",
        kind="alipay",
        marks=("交易时间", "交易分类", "收/支", "交易订单号"),
        columns={
            "time": "交易时间",
            "amount": "金额",
            "direction": "收/支",
            "reference": "交易订单号",
            "payer": "交易对方",
            "note": "商品说明",
            "status": "交易状态",
        },
        others=("商家订单号",),
    ),
    Layout(
        key="alipay_personal_old",
        kind="alipay",
        marks=("交易号", "交易创建时间", "收/支", "资金状态"),
        columns={
            "time": "交易创建时间",
            "amount": "金额(元)",
            "direction": "收/支",
            "reference": "交易号",
            "payer": "交易对方",
            "note": "商品名称",
            "status": "交易状态",
        },
        others=("商家订单号",),
    ),
]

# A column of a table by its title, the usual words first. `income` and `outgo` stand apart where a bank does so.
WORDS = {
    "time": (
        "交易日期",
        "记账日期",
        "入账日期",
        "到账日期",
        "日期",
        "交易时间",
        "记账时间",
        "入账时间",
        "发生时间",
        "date",
    ),
    "clock": ("交易时刻", "交易时间", "时间", "time"),
    "amount": ("交易金额", "发生额", "收支金额(元)", "金额(元)", "金额", "amount"),
    "income": (
        *("收入金额", "贷方发生额", "贷方金额", "贷方发生额(收入)", "存入金额", "转入金额", "收入金额(+元)"),
        *("收入(元)", "收入", "贷方", "credit"),
    ),
    "outgo": (
        *("支出金额", "借方发生额", "借方金额", "借方发生额(支取)", "支取金额", "转出金额", "支出金额(-元)"),
        *("支出(元)", "支出", "借方", "debit"),
    ),
    "direction": ("收/支", "收支类型", "借贷标志", "借/贷", "借贷方向", "收支方向"),
    "reference": (
        "交易流水号",
        "账务流水号",
        "资金流水单号",
        "核心流水号",
        "流水号",
        "交易序号",
        "凭证号",
        "reference",
    ),
    "payer": ("对方户名", "对方账户名称", "对方账户名", "对方名称", "对方单位名称", "付款人名称", "付款人", "payer"),
    "note": ("附言", "交易附言", "用途", "备注", "交易备注", "摘要", "note"),
}
OTHERS = ("商户订单号", "业务流水号", "微信支付业务单号", "企业流水号", "订单号")
FIELDS = tuple(WORDS)
DATE_AND_CLOCK = ("time", "clock")
GENERIC = "table"


def generic_layout(titles, kind, columns=None):
    """The layout of any other table, by what a person said or by its words; None without a day or without money."""
    found = columns or _by_words(titles)
    if "time" not in found or not {"amount", "income", "outgo"} & set(found):
        return None
    others = tuple(title for title in OTHERS if title in titles)
    return Layout(key=GENERIC, kind=kind, columns=found, marks=(), others=others, has_numbers=False)


def _by_words(titles):
    found = {}
    for field, words in WORDS.items():
        title = next((word for word in words if word in titles and word not in found.values()), None)
        if title:
            found[field] = title
    if "income" in found or "outgo" in found:
        found.pop("amount", None)  # a table with both repeats itself
    return found
